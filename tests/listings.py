"""The four listings of the sources, as they were meant: scripts for Keras that nnbook runs too."""

B1 = """
from keras.layers import Dense, Input
from keras.models import Sequential

model = Sequential([
    Input(shape=(784,)),
    Dense(32, activation="relu"),
    Dense(64, activation="relu"),
    Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=10, batch_size=32, verbose=0)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
"""

B2 = """
import numpy as np
from keras.layers import Dense, Input
from keras.losses import BinaryCrossentropy
from keras.models import Sequential
from keras.optimizers import Adam

rows = ["00000000", "00000001", "00000011", "00000111", "00001111",
        "00011111", "00111111", "01111111", "11111111", "11111111"]
x_train = np.array([[float(bit) for bit in row] for row in rows])
y_train = np.array([0] + [1] * 9)
model = Sequential()
model.add(Input(shape=(8,)))
model.add(Dense(10, activation="relu"))
model.add(Dense(8, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.compile(optimizer=Adam(), loss=BinaryCrossentropy(), metrics=["accuracy"])
history = model.fit(x_train, y_train, epochs=1000, batch_size=1, verbose=0)
loss, accuracy = model.evaluate(x_train, y_train, verbose=0)
"""

B3 = """
import numpy as np
from keras.layers import Dense, Input
from keras.models import Sequential

rng = np.random.default_rng(0)
x, y = rng.random((1000, 8)), rng.integers(0, 2, 1000)
model = Sequential()
model.add(Input(shape=(8,)))
model.add(Dense(10, activation="relu"))
model.add(Dense(8, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
history = model.fit(x, y, epochs=10, batch_size=32, verbose=0, validation_split=0.2)
loss, accuracy = model.evaluate(x, y, verbose=0)
"""

B4 = """
import keras
from keras import layers
from keras.losses import SparseCategoricalCrossentropy
from keras.utils import to_categorical

model = keras.Sequential([
    layers.Input(shape=(784,)),
    layers.Dense(32, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss=SparseCategoricalCrossentropy(), metrics=["accuracy"])
history = model.fit(x_train, labels_train, epochs=10, batch_size=32, verbose=0)
loss, accuracy = model.evaluate(x_test, labels_test, verbose=0)
assert to_categorical(labels_test, 10).shape == (len(labels_test), 10)
"""

LISTINGS = {"B1": B1, "B2": B2, "B3": B3, "B4": B4}


def run(source: str, engine: str, data: dict, **replace: str) -> dict:
    """Run a listing on "keras" or "nnbook" and return its names; ``replace`` swaps keyword values in it."""
    source = source.replace("keras", engine)
    for name, value in replace.items():
        before = next(part for part in source.split() if part.startswith(f"{name}="))
        source = source.replace(before, f"{name}={value},")
    names = dict(data)
    exec(compile(source, "listing", "exec"), names)
    return names

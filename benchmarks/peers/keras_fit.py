"""Keras's ``fit`` on TensorFlow, with its own order of the rows."""

from __future__ import annotations

import os

os.environ |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}

import keras
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
FEWER = {"W1": 30, "W3": 50, "W4": 5}  # epochs, where all would take half a minute


class Training:
    def __init__(self, task):
        self.task, self.epochs = task, min(task.epochs, FEWER.get(task.name, task.epochs))
        self.share = self.epochs / task.epochs
        *hidden, n_out = task.sizes[1:]
        body = [keras.layers.Dense(n, task.hidden) for n in hidden]
        last = keras.layers.Dense(n_out, "sigmoid" if task.binary else "softmax")
        self.model = keras.Sequential([keras.Input(task.sizes[:1]), *body, last])
        optimizer = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[task.optimizer]
        loss = "binary_crossentropy" if task.binary else "categorical_crossentropy"
        self.model.compile(optimizer(task.rate), loss)
        self.model.optimizer.build(self.model.trainable_variables)
        self.fresh = [v.numpy() for v in self.model.optimizer.variables]

    def reset(self):
        self.model.set_weights(self.task.weights)
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)

    def run(self):
        t = self.task
        self.model.fit(t.x, t.y, batch_size=t.batch_size, epochs=self.epochs, shuffle=t.shuffle, verbose=0)

    def weights(self):
        return self.model.get_weights()

//! Nothing: the models are in `tests`. They are a package of their own, since features of one build are united.

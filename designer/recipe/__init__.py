"""The recipe of a training as plain data, with tables of optimizers, schedules and losses."""

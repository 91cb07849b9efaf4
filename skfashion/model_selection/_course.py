"""The course of a training."""

# The parameters of a network that decide on the course of its training: after equally many epochs, trainings that
# differ in one of them are not comparable.
COURSE = ("max_epochs", "lr_schedule", "early_stopping")

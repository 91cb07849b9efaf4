"""The parameters of the learning-rate schedule."""

# The parameters of a network that decide on the course of its training: after equally many epochs, trainings that
# differ in one of them are not comparable.
SCHEDULE_PARAMETERS = ("max_epochs", "lr_schedule", "early_stopping")

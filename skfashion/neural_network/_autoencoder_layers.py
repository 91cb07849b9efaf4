"""The layers of autoencoders, as their parameters describe them."""

from skfashion.neural_network._declaring import checked_sizes


def module_arguments(autoencoder, **layers):
    """The arguments of the module of an autoencoder: those that all of them have, and its own layers."""
    return {
        "image_shape": autoencoder.image_shape_,
        "latent_dim": int(autoencoder.latent_dim),
        "hidden_layer_sizes": checked_sizes(autoencoder, "hidden_layer_sizes"),
        "activation": autoencoder.activation,
        "dropout": 0.0,
        "batch_norm": autoencoder.batch_norm,
        "init": autoencoder.init,
        "output_activation": autoencoder.output_activation_,
        **layers,
    }

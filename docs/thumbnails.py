"""Thumbnails of the gallery: square parts of the pictures, in which something can be recognised at their size."""

from pathlib import Path

from PIL import Image

SIDE = 400  # in pixels; shown at half of that, for screens of twice the usual density

# For each example the number of its picture, and the left, the top and the side of a square in it, in pixels.
SQUARES = {
    "plot_01_first_classifier": (1, 640, 40, 380),
    "plot_02_mlp_against_cnn": (2, 30, 0, 540),
    "plot_03_grid_search": (1, 30, 0, 420),
    "plot_04_optimizers": (1, 800, 0, 400),
    "plot_05_initialisation_dropout_batch_norm": (1, 0, 0, 420),
    "plot_06_autoencoder_transformer": (2, 500, 0, 440),
    "plot_07_few_labels": (1, 0, 0, 420),
    "plot_08_new_clothes": (2, 0, 20, 365),
    "plot_09_clustering": (1, 30, 20, 460),
    "plot_10_neighbours": (1, 400, 30, 420),
    "plot_11_generators": (1, 200, 60, 440),
    "plot_12_own_module": (1, 640, 30, 310),
    "plot_13_colour_images": (1, 320, 15, 330),
    "plot_14_noisy_images": (1, 100, 20, 500),
    "plot_15_angle": (1, 540, 20, 300),
    "plot_16_own_photos": (1, 40, 25, 290),
    "plot_17_odd_one_out": (1, 520, 20, 330),
    "plot_18_two_garments": (1, 60, 20, 350),
    "plot_19_keep_and_share": (1, 30, 0, 380),
    "plot_20_how_sure": (2, 50, 0, 460),
    "plot_21_which_pixels": (1, 0, 0, 352),
    "plot_22_prediction_sets": (1, 640, 10, 450),
    "plot_23_what_went_wrong": (1, 90, 20, 520),
    "plot_24_from_data_to_a_decision": (2, 40, 0, 600),
}


def write_thumbnails(app):
    """Write the thumbnail of each example whose pictures are there: Sphinx-Gallery's own are whole pictures, shrunk."""
    images = Path(app.srcdir) / "auto_examples/images"
    for name, (number, left, top, side) in SQUARES.items():
        path = images / f"sphx_glr_{name}_{number:03}.png"
        if path.exists():
            with Image.open(path) as picture:
                square = picture.convert("RGB").crop((left, top, left + side, top + side))
            square.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(images / f"thumb/sphx_glr_{name}_thumb.png")

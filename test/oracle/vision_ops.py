"""Records what TensorFlow answers for single vision operations, over their attributes.

    python vision_ops.py OUT.json.gz
"""

import sys

import vision_conv
import vision_graph
import vision_image
import vision_pool
import vision_quant
from vision_recorder import write


def main():
    for add in (
        vision_conv.add_convolutions, vision_conv.add_transposed, vision_pool.add_pools, vision_pool.add_norms,
        vision_image.add_resizes, vision_image.add_spaces, vision_conv.add_dilations, vision_graph.add_layouts,
        vision_graph.add_fused, vision_quant.add_quantized, vision_image.add_images, vision_image.add_colors,
        vision_image.add_crops,
    ):
        add()
    write(sys.argv[1])


if __name__ == "__main__":
    main()

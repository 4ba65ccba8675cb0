import type { ConvertContext, OpFamily } from '../types.js';
import { emitCropAndResize } from './image-crop.js';
import { emitExtractPatches } from './image-patches.js';
import { emitProjectiveTransform } from './image-project.js';
import { emitScaleAndTranslate } from './image-scale.js';

const projective = {
  convert: (context: ConvertContext) => [emitProjectiveTransform(context)],
  becomes: 'arithmetic on coordinates, GatherND, Where',
};

/** Images. */
export const image: OpFamily = {
  ExtractImagePatches: {
    convert: (context) => [emitExtractPatches(context)],
    becomes: 'Gather of rows, Gather of columns, Transpose, Reshape',
  },
  CropAndResize: {
    convert: (context) => [emitCropAndResize(context)],
    becomes: 'com.microsoft CropAndResize; arithmetic on coordinates and GatherND for nearest',
  },
  ScaleAndTranslate: {
    convert: (context) => [emitScaleAndTranslate(context)],
    becomes: 'two MatMuls with the weights of the sampling kernel',
  },
  ImageProjectiveTransformV2: projective,
  ImageProjectiveTransformV3: projective,
};

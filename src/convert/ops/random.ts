import { DTYPES } from '../../base/dtype.js';
import type { ConvertContext, OpFamily, Ref } from '../types.js';
import { castTo, filled, vectorOf } from './parts.js';

/** Random numbers can not be TensorFlow's: only their distribution is. */
function warn(context: ConvertContext): void {
  context.warn(`${context.node.op} gives other numbers than TensorFlow, of the same distribution`);
}

function randomLike(type: 'RandomUniformLike' | 'RandomNormalLike') {
  return (context: ConvertContext): readonly Ref[] => {
    warn(context);
    const like = filled(context, 'float32', vectorOf(context, 0), 0);
    const made = context.onnx.op(type, [like], { dtype: DTYPES.float32.onnx });
    return [castTo(context, made, context.outputDType(0))];
  };
}

/** Whole numbers from the lower bound up to below the upper one. */
function randomInt(context: ConvertContext): readonly Ref[] {
  warn(context);
  const { onnx } = context;
  const like = filled(context, 'float64', vectorOf(context, 0), 0);
  const uniform = onnx.op('RandomUniformLike', [like], { dtype: DTYPES.float64.onnx });
  const [low, high] = [
    castTo(context, context.ref(1), 'float64'),
    castTo(context, context.ref(2), 'float64'),
  ];
  const scaled = onnx.op('Add', [onnx.op('Mul', [uniform, onnx.op('Sub', [high, low])]), low]);
  const whole = onnx.op('Min', [
    onnx.op('Floor', [scaled]),
    onnx.op('Sub', [high, onnx.scalar('float64', 1)]),
  ]);
  return [castTo(context, whole, context.outputDType(0))];
}

const seeds = ['seed', 'seed2'];

/** Random numbers. */
export const random: OpFamily = {
  RandomUniform: { convert: randomLike('RandomUniformLike'), neutral: seeds, becomes: 'RandomUniformLike' },
  RandomStandardNormal: {
    convert: randomLike('RandomNormalLike'),
    neutral: seeds,
    becomes: 'RandomNormalLike',
  },
  RandomUniformInt: { convert: randomInt, neutral: seeds, becomes: 'RandomUniformLike, scaled' },
};

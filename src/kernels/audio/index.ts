import type { KernelFamily } from '../types.js';
import { ctcKernels } from './ctc.js';
import { fftKernels } from './fft.js';
import { spectrogramKernels } from './spectrogram.js';
import { wavKernels } from './wav.js';

/** Fourier transforms and sound. */
export const AUDIO_FAMILIES: readonly KernelFamily[] = [
  fftKernels,
  spectrogramKernels,
  wavKernels,
  ctcKernels,
];

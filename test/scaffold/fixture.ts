import type { Answers, Facts } from '../../src/scaffold/facts.js';

export const facts: Facts = {
  machine: { cores: 4, memoryBytes: 8 * 2 ** 30 },
  software: {
    nodePath: process.execPath,
    nodeVersion: 'v20.20.0',
    tfdeployVersion: '0.1.0',
    nginxVersion: '1.22.1',
    systemdVersion: 252,
  },
  model: {
    path: '/srv/models/digits',
    name: 'digits',
    signature: 'serving_default',
    inputs: [{ name: 'pixels', dtype: 'float32', shape: [null, 8, 8] }],
    outputs: [
      { name: 'probabilities', dtype: 'float32', shape: [null, 10] },
      { name: 'digit', dtype: 'int64', shape: [null] },
    ],
    sizeBytes: 300_000,
  },
};

export const answers: Answers = {
  projectDir: '/srv/digits-serving',
  targets: ['vm', 'kubernetes'],
  serverName: 'digits.example.com',
  listenPort: 80,
  restPort: 8501,
  grpcPort: 8500,
  requestTimeoutSeconds: 30,
  user: undefined,
  image: 'registry.example.com/digits:1',
};

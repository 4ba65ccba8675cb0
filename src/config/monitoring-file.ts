import { readFileSync } from 'node:fs';
import { TfdeployError } from '../base/error.js';
import { parseText } from '../savedmodel/text/parse.js';
import { defineSchema } from '../savedmodel/wire/compile.js';

const SCHEMA = defineSchema({
  MonitoringConfig: { prometheus_config: [1, 'PrometheusConfig'] },
  PrometheusConfig: { enable: [1, 'bool'], path: [2, 'string'] },
});
const DEFAULT_PATH = '/monitoring/prometheus/metrics';

/**
 * The path at which metrics carry TensorFlow Serving's names, from its text proto MonitoringConfig; undefined
 * unless it is enabled there. TFD_CONFIG when the file can not be read.
 */
export function readMonitoringPath(path: string): string | undefined {
  try {
    const config = parseText(SCHEMA, 'MonitoringConfig', readFileSync(path), { code: 'TFD_CONFIG' });
    const prometheus = config.prometheus_config;
    return prometheus?.enable ? prometheus.path || DEFAULT_PATH : undefined;
  } catch (cause) {
    throw new TfdeployError('TFD_CONFIG', `monitoring_config_file ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

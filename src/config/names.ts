export const ENV_PREFIX = 'TFDEPLOY_';

/** `rest_api_port` → `rest-api-port`. */
export const flagName = (field: string): string => field.replaceAll('_', '-');

/** `rest_api_port` → `TFDEPLOY_REST_API_PORT`. */
export const envName = (field: string): string => ENV_PREFIX + field.toUpperCase();

/**
 * Traces and metrics of OpenTelemetry, for clients and services on every protocol. Its API is a package to install.
 *
 * @module multi-api-sdk/telemetry
 * @group Tools
 */

export { telemetry, type TelemetryOptions } from './telemetry.ts';
export type { Convention } from './attributes.ts';

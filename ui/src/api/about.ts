/** How the daemon itself is doing. Stands beside the admin API, not below it. */
import { ApiError } from './http';

export interface HealthReport {
  status: string;
  version: string;
  /** Seconds. */
  uptime: number;
  database?: { status: string; latency_ms?: number | null; queued?: number; lost?: number; last_error?: string | null };
  memory?: { resident_bytes?: number | null };
  disk?: { available_bytes?: number | null; total_bytes?: number | null };
}

export async function health(): Promise<HealthReport> {
  const response = await fetch('/health/detailed', { credentials: 'same-origin', headers: { accept: 'application/json' } });
  // It answers in full with 503 too, where something is wrong with it.
  const report = (await response.json().catch(() => null)) as HealthReport | { error?: { message?: string } } | null;
  if (report && 'version' in report) return report;
  const message = report && 'error' in report ? report.error?.message : undefined;
  throw new ApiError(response.status, 'health', message ?? `HTTP ${response.status}`);
}

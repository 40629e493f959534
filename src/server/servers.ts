/** All that answers requests in the controller's process; loaded when it is needed. */
import type { ReportDoor } from './report-door.ts';
import { type ReportServerOptions, startReportServer } from './report-server.ts';
import { type ControlServer, type ServerOptions, startServer } from './server.ts';

/** Resolves when requests are accepted. */
export async function startServers(
  options: ServerOptions & ReportServerOptions,
  door: ReportDoor,
): Promise<ControlServer> {
  const reports = await startReportServer(options, door);
  const control = await startServer(options);
  return {
    accept: (connection) => control.accept(connection),
    close: async () => {
      await Promise.all([reports.close(), control.close()]);
    },
  };
}

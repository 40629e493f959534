/** Where things lie in a stack's state directory. Pure: paths only. */
import type { InstanceId } from './ids.ts';

export interface Layout {
  readonly stateDir: string;
  readonly database: string;
  /** Sockets, pid files and other things that need not survive a reboot. */
  readonly runDir: string;
  readonly controlSocket: string;
  /** Leads to the controller by way of the keeper. */
  readonly relaySocket: string;
  readonly endpointSocket: string;
  readonly keeperFile: string;
  readonly keeperSocket: string;
  readonly keeperLock: string;
  readonly controllerLock: string;
  readonly endpointFile: string;
  readonly routesFile: string;
  /** Where the console is. */
  readonly consoleFile: string;
  /** Its people, sessions and tokens. */
  readonly accountsDatabase: string;
  readonly logPlacesFile: string;
  readonly logsDir: string;
  readonly controllerLog: string;
  readonly dataDir: string;
  readonly secretsDir: string;
}

export function layout(stateDir: string): Layout {
  return {
    stateDir,
    database: `${stateDir}/state.db`,
    runDir: `${stateDir}/run`,
    controlSocket: `${stateDir}/run/control.sock`,
    relaySocket: `${stateDir}/run/relay.sock`,
    endpointSocket: `${stateDir}/run/endpoint.sock`,
    keeperFile: `${stateDir}/run/keeper.json`,
    keeperSocket: `${stateDir}/run/keeper.sock`,
    keeperLock: `${stateDir}/run/keeper.lock`,
    controllerLock: `${stateDir}/run/controller.lock`,
    endpointFile: `${stateDir}/run/endpoint.json`,
    routesFile: `${stateDir}/run/routes.json`,
    consoleFile: `${stateDir}/run/console.json`,
    accountsDatabase: `${stateDir}/accounts.db`,
    logPlacesFile: `${stateDir}/run/log-places.json`,
    logsDir: `${stateDir}/logs`,
    controllerLog: `${stateDir}/logs/daruma.log`,
    dataDir: `${stateDir}/data`,
    secretsDir: `${stateDir}/secrets`,
  };
}

/** An instance as a file name: `api.2`. */
export function instanceFileName(instance: InstanceId): string {
  return instance.replace('/', '.');
}

export function instanceLogDir(stateDir: string, instance: InstanceId): string {
  return `${stateDir}/logs/${instanceFileName(instance)}`;
}

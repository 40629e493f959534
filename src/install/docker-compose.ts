/** How one service of a Compose file is handled while it stays in Docker: argument vectors. */
export interface DockerCompose {
  /** Makes the container if there is none. Its dependencies are not touched. */
  readonly start: readonly string[];
  readonly stop: readonly string[];
  readonly status: readonly string[];
  readonly logs: readonly string[];
  /** Runs to its end in a container of its own. */
  readonly run: readonly string[];
  /** Runs what follows in the container. */
  readonly exec: readonly string[];
}

export function dockerCompose(file: string, service: string): DockerCompose {
  const docker = ['docker', 'compose', '--file', file];
  return {
    start: [...docker, 'up', '--detach', '--no-deps', service],
    stop: [...docker, 'stop', service],
    // `ps` prints the ids of the running containers.
    status: [
      ...['sh', '-c', 'test -n "$("$@")" || exit 3', 'sh'],
      ...[...docker, 'ps', '--quiet', '--status', 'running', service],
    ],
    logs: [...docker, 'logs', '--follow', '--no-log-prefix', '--tail', '0', service],
    run: [...docker, 'run', '--rm', '--no-deps', '-T', service],
    exec: [...docker, 'exec', '-T', service],
  };
}

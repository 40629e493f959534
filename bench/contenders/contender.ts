/** Who supervises in a benchmark: Daruma, a peer, a shell loop. */

/** What is to be supervised, and where. */
export interface Job {
  /** Of this contender alone; removed afterwards. */
  readonly directory: string;
  /** Each is a program of its own, that runs the same script. */
  readonly names: readonly string[];
  /** Run by `sh` with the port as its argument; it stays in the foreground. */
  readonly script: string;
  readonly port: number;
  /** For the supervisor and all below it; carries the mark. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether HTTP is checked: `interval: 500ms, timeout: 500ms, retries: 2`, or the closest. */
  readonly check: boolean;
  /** A port that is to be checked each second for every program, by HTTP; null: none. */
  readonly watchedPort: number | null;
  readonly replicas: number;
  /** What clients are to be served by; default: whole connections. */
  readonly protocol?: 'http';
  /** Many faults in a short time are on purpose: nobody is to give up because of that. */
  readonly manyFaults: boolean;
}

export interface Supervision {
  /** The process that decides about the service. */
  supervisor(): number;
  /** The process that connections of clients go through, where there is one. */
  gateway?(): number;
  /** As the machine's init would, after the supervisor died. */
  startAgain(): Promise<void>;
  /** What it says of the service, in its own word. */
  state(): Promise<string>;
  /** A clean end, where the kill of all processes would leave something behind. */
  stop(): Promise<void>;
}

export interface Contender {
  readonly name: string;
  readonly version: string;
  /** Resolves when the supervisor works; the service may still be starting. */
  start(job: Job): Promise<Supervision>;
}

/** The logs of all instances: opens them for runs, and rotates them, one step at a time each. */
import type { InstanceId } from '../model/ids.ts';
import type { Layout } from '../model/layout.ts';
import { instanceLogDir } from '../model/layout.ts';
import type { LoggingSpec } from '../model/stack-spec.ts';
import type { LiveFile } from './log-files.ts';
import { listLogFiles, sizeOf } from './log-files.ts';
import type { RotationOptions } from './log-rotation.ts';
import { beginRun, canPunchHoles, isTooLong, openLog, rotateLog } from './log-rotation.ts';
import { lastLines } from './logs.ts';

/** Tells of what goes wrong behind the scenes. */
export type TellTrouble = (what: string, error: unknown) => void;

const restsMax = 3;

export class InstanceLogs {
  readonly #layout: Layout;
  readonly #tellTrouble: TellTrouble;
  readonly #turns = new Map<InstanceId, Promise<unknown>>();
  /** Where they write to since it was opened for them, and the offset at which that begins. */
  readonly #live = new Map<InstanceId, Pick<LiveFile, 'path' | 'base'>>();
  /** Live files in which nothing was to be rotated, and how many looks at them are left out. */
  readonly #small = new Map<InstanceId, { readonly file: LiveFile; rests: number }>();
  /** Their rotation failed, which was told. */
  readonly #failing = new Set<InstanceId>();
  #asked: Promise<boolean> | null = null;
  #punches = true;

  constructor(layout: Layout, tellTrouble: TellTrouble) {
    this.#layout = layout;
    this.#tellTrouble = tellTrouble;
  }

  directory(id: InstanceId): string {
    return instanceLogDir(this.#layout.stateDir, id);
  }

  #options(logging: LoggingSpec): RotationOptions {
    return { ...logging, canPunch: () => this.#canPunch() };
  }

  #canPunch(): Promise<boolean> {
    this.#asked ??= canPunchHoles(this.#layout.logsDir).then((punches) => {
      this.#punches = punches;
      return punches;
    });
    return this.#asked;
  }

  #inTurn<T>(id: InstanceId, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(work);
    const over = turn.catch(() => undefined);
    this.#turns.set(id, over);
    return turn;
  }

  /** The file to append to. Where no log can be written, the program still runs. */
  async open(id: InstanceId, logging: LoggingSpec): Promise<string> {
    try {
      const open = () => openLog(this.directory(id), this.#options(logging));
      const live = await this.#inTurn(id, open);
      this.#live.set(id, live);
      return live.path;
    } catch (error) {
      this.#tellTrouble(`${id}: its output is lost, for its log can't be opened`, error);
      return '/dev/null';
    }
  }

  /** As it is now. Null: none was opened for it, or that was removed. */
  #liveFile(id: InstanceId): LiveFile | null {
    const live = this.#live.get(id);
    const size = live === undefined ? null : sizeOf(live.path);
    return live === undefined || size === null ? null : { ...live, end: live.base + size };
  }

  /** Where the output of a run that begins now will begin. */
  begin(id: InstanceId): number {
    return beginRun(this.#liveFile(id) ?? listLogFiles(this.directory(id)).live.at(-1));
  }

  /** Whether a run may write to the file that was opened for the one before. */
  serves(id: InstanceId, { maxSizeBytes }: LoggingSpec): boolean {
    const live = this.#liveFile(id);
    return live !== null && !isTooLong(live, maxSizeBytes, this.#punches);
  }

  lastLines(id: InstanceId, count: number, sinceOffset: number): readonly string[] {
    if (this.#liveFile(id)?.end === sinceOffset) return [];
    return lastLines(this.directory(id), count, sinceOffset);
  }

  /** Whether there may be something to rotate. Of a log that stood still, every fourth call tells:
   * most logs of most instances do, and only a log that grows for a while is to be rotated. */
  hasGrown(id: InstanceId): boolean {
    const small = this.#small.get(id);
    if (small === undefined) return true;
    small.rests = small.rests === 0 ? restsMax : small.rests - 1;
    const { path, base, end } = small.file;
    return small.rests === restsMax && sizeOf(path) !== end - base;
  }

  /** To be called again and again while the instance runs, when its log has grown. */
  async rotate(id: InstanceId, logging: LoggingSpec): Promise<void> {
    try {
      const look = () => rotateLog(this.directory(id), this.#options(logging));
      const found = await this.#inTurn(id, look);
      if (found === null) this.#small.delete(id);
      else this.#small.set(id, { file: found, rests: 0 });
      this.#failing.delete(id);
    } catch (error) {
      // Nothing is lost by it: the live file grows until a later turn succeeds.
      if (!this.#failing.has(id)) this.#tellTrouble(`${id}: its log can't be rotated`, error);
      this.#failing.add(id);
    }
  }

  /** Resolves when nothing is under way. */
  async settle(): Promise<void> {
    await Promise.all(this.#turns.values());
  }
}

/** What the kernel's log says about memory, disks and file systems. */
export type KernelEvent =
  /** The out-of-memory killer ended a process: of a cgroup at its limit, or for want of memory in
   * the whole machine. */
  | { readonly kind: 'oom'; readonly pid: number; readonly whole: boolean; readonly text: string }
  | { readonly kind: 'io-error'; readonly text: string }
  | { readonly kind: 'read-only'; readonly text: string }
  /** A file system was mounted writable again. */
  | { readonly kind: 'writable'; readonly text: string };

const textMax = 300;

const ioError =
  /\b(?:blk_update_request: )?(?:critical medium error|I\/O error)\b|Buffer I\/O error|EXT4-fs error|XFS .*(?:metadata I\/O error|Corruption)|BTRFS (?:error|critical)/;
const readOnly = /remounting filesystem read-only|forced readonly|Remounting filesystem read-only/i;
const writable = /EXT4-fs .*re-mounted.* r\/w\b/;

/**
 * One record of `/dev/kmsg`: `priority,sequence,microseconds,flags;text` and continuation lines
 * (Documentation/ABI/testing/dev-kmsg). Null: nothing to be told, or not written by the kernel
 * itself: anybody who may open the file may write into it, with a facility other than 0.
 */
export function parseKernelRecord(record: string): KernelEvent | null {
  const found = /^(\d+),[^;]*;([^\n]*)/.exec(record);
  if (found === null || Number(found[1]) >> 3 !== 0) return null;
  const text = (found[2] ?? '').slice(0, textMax);
  const killed = /\b(?:[Kk]illed process|Kill process) (\d+) \(/.exec(text);
  if (killed !== null) {
    return { kind: 'oom', pid: Number(killed[1]), whole: !/\bcgroup\b/i.test(text), text };
  }
  if (readOnly.test(text)) return { kind: 'read-only', text };
  if (writable.test(text)) return { kind: 'writable', text };
  return ioError.test(text) ? { kind: 'io-error', text } : null;
}

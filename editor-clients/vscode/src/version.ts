/** Whether a server is new enough for this extension. */

/** The oldest server that this extension works with. */
export const OLDEST_SERVER = "0.1.0";

/** Compare two versions by their numbers; what is no version is older than any. */
export function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [numbers(version), numbers(than)];
  if (ours === undefined || theirs === undefined) return theirs !== undefined;
  for (const [at, number] of theirs.entries()) {
    const mine = ours[at] ?? 0;
    if (mine !== number) return mine < number;
  }
  return false;
}

function numbers(version: string): number[] | undefined {
  return /^\d+(\.\d+)*/.exec(version)?.[0].split(".").map(Number);
}

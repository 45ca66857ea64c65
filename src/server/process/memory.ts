/** Bytes of resident memory; 0 if they cannot be read: without a free descriptor, Node throws EMFILE. */
export function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return 0;
  }
}

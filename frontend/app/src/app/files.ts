/** Files that the visitor gives: no file twice, and no name twice, since results and labels go by names. */

/** The id of the photo of `known` that is the same file: of the same name, with the same bytes. */
export async function isSameFile(
  file: File,
  known: readonly { id: number; given: string; file: File }[],
): Promise<number | undefined> {
  const alike = known.filter(
    ({ given, file: other }) => given === file.name && other.size === file.size,
  );
  for (const { id, file: other } of alike) {
    if (await haveSameBytes(file, other)) return id;
  }
  return undefined;
}

async function haveSameBytes(one: File, other: File): Promise<boolean> {
  try {
    const [a, b] = await Promise.all([one.arrayBuffer(), other.arrayBuffer()]);
    const [left, right] = [new Uint8Array(a), new Uint8Array(b)];
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  } catch {
    return false;
  }
}

/** `file` under a name that is not in `taken`. */
export function named(file: File, taken: ReadonlySet<string>): File {
  const name = uniqueName(file.name, taken);
  if (name === file.name) return file;
  return new File([file], name, { type: file.type, lastModified: file.lastModified });
}

/** `name`, or with a number where it is in `taken`: camera.jpg, camera-2.jpg, camera-3.jpg. */
export function uniqueName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  const [, stem = '', ending = ''] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
  let count = 2;
  while (taken.has(`${stem}-${String(count)}${ending}`)) count += 1;
  return `${stem}-${String(count)}${ending}`;
}

/** Pictures in folders that were dropped. */

const PICTURE = /\.(?:jpe?g|png|webp|gif|bmp|avif|hei[cf]|tiff?|ico|jfif)$/i;

export interface Found {
  /** by the names of their folders and their own */
  pictures: File[];
  /** how many files are no pictures by their names; hidden ones don't count */
  others: number;
}

/** All pictures in `entries` and the folders in them. */
export async function picturesIn(entries: FileSystemEntry[]): Promise<Found> {
  const found: Found = { pictures: [], others: 0 };
  const sorted = [...entries].sort((one, other) => one.name.localeCompare(other.name));
  for (const entry of sorted) {
    if (entry.name.startsWith('.')) continue;
    if (isDirectory(entry)) {
      const inner = await picturesIn(await childrenOf(entry));
      found.pictures.push(...inner.pictures);
      found.others += inner.others;
    } else if (PICTURE.test(entry.name)) {
      found.pictures.push(await fileOf(entry as FileSystemFileEntry));
    } else found.others += 1;
  }
  return found;
}

function isDirectory(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

/** Browsers give a hundred at a time, and none when all were given. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => {
    entry.file(resolve, reject);
  });
}

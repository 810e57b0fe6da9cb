/** Cache Storage in memory, as far as the store uses it; `full` makes it refuse to write. */
export class MemoryCaches {
  readonly entries = new Map<string, Map<string, Uint8Array<ArrayBuffer>>>();
  full = false;

  open(name: string): Promise<object> {
    const entries = this.entries.get(name) ?? new Map<string, Uint8Array<ArrayBuffer>>();
    this.entries.set(name, entries);
    return Promise.resolve({
      match: (url: string) => {
        const bytes = entries.get(url);
        return Promise.resolve(bytes && new Response(bytes));
      },
      put: async (url: string, response: Response) => {
        if (this.full) throw new DOMException('no space', 'QuotaExceededError');
        entries.set(url, new Uint8Array(await response.arrayBuffer()));
      },
      delete: (url: string) => Promise.resolve(entries.delete(url)),
      keys: () => Promise.resolve([...entries.keys()].map((url) => ({ url }))),
    });
  }

  /** The keys of all entries, without their addresses. */
  get keys(): string[] {
    return [...this.entries.values()].flatMap((entries) =>
      [...entries.keys()].map((url) => url.split('/').at(-1) ?? ''),
    );
  }

  /** The one cache's entry that ends with `key`. */
  set(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    for (const entries of this.entries.values()) {
      const url = [...entries.keys()].find((candidate) => candidate.endsWith(key));
      if (url !== undefined) entries.set(url, bytes);
    }
  }
}

/** Keys that stand for classes. */

/**
 * The class that a key stands for: the one of that name, or the next after `present` that begins so, or the one at that
 * place of the list.
 */
export function classOf(
  key: string,
  present: string | undefined,
  classes: readonly string[],
): string | undefined {
  if (Array.from(key).length !== 1) return undefined;
  if (classes.includes(key)) return key;
  const alike = classes.filter((name) => name.toLowerCase().startsWith(key.toLowerCase()));
  if (alike.length > 0) return alike[(alike.indexOf(present ?? '') + 1) % alike.length];
  return /[1-9]/.test(key) ? classes.at(Number(key) - 1) : undefined;
}

/** The key that always gives the class, if there is one. */
export function keyOf(name: string, classes: readonly string[]): string | undefined {
  const [initial = ''] = Array.from(name.toLowerCase());
  const others = classes.filter((other) => other !== name);
  return [name, String(classes.indexOf(name) + 1), initial].find(
    (key) =>
      classOf(key, undefined, classes) === name &&
      others.every((other) => classOf(key, other, classes) === name),
  );
}

/** What privacy settings may refuse by throwing: storage, channels between tabs, service workers. */

/** What `ask` gives; nothing where the browser refuses it. */
export function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    console.info(error);
    return undefined;
  }
}

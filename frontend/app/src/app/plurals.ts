/** English names of classes in the plural. Names that are no plain words have none: they are counted as they stand. */

const IRREGULAR: Readonly<Record<string, string>> = {
  child: 'children',
  foot: 'feet',
  goose: 'geese',
  lens: 'lenses',
  man: 'men',
  mouse: 'mice',
  ox: 'oxen',
  person: 'people',
  tooth: 'teeth',
  woman: 'women',
};
const UNCHANGED = /(?:aircraft|bison|cattle|deer|fish|fruit|moose|salmon|scissors|sheep|trout)$/;
/** Ends in -s as a single thing does: glass, bus, iris, atlas. */
const SINGULAR_S = /(?:ss|us|is|as)$/;
/** Words of two letters or more in small letters, the last of which is the noun; the first may begin with a capital. */
const PLAIN = /^\p{Lu}?[\p{Ll}'’]+(?:[ -][\p{Ll}'’]+)*$/u;
const LATIN = /^[\p{Script=Latin} '’-]+$/u;

/** "raccoons" of "raccoon"; nothing where `name` is no plain word (WBC, 浣熊, a/b, stop_sign). */
export function pluralOf(name: string): string | undefined {
  if (!PLAIN.test(name) || !LATIN.test(name)) return undefined;
  const at = Math.max(name.lastIndexOf(' '), name.lastIndexOf('-')) + 1;
  const noun = name.slice(at);
  if (noun.length < 2) return undefined;
  return name.slice(0, at) + nounOf(noun);
}

function nounOf(noun: string): string {
  const small = noun.toLowerCase();
  if (Object.hasOwn(IRREGULAR, small)) return noun[0] + IRREGULAR[small].slice(1);
  if (UNCHANGED.test(small)) return noun;
  // Platelets, cells: the labels are in the plural.
  if (small.endsWith('s') && !SINGULAR_S.test(small)) return noun;
  if (small.endsWith('man')) return `${noun.slice(0, -2)}en`;
  if (/(?:kni|li|wi)fe$/.test(small)) return `${noun.slice(0, -2)}ves`;
  if (/(?:lea|loa|hal|cal|shel|wol|thie|scar)f$/.test(small)) return `${noun.slice(0, -1)}ves`;
  if (/[^aeiou]y$/.test(small)) return `${noun.slice(0, -1)}ies`;
  if (/(?:s|x|z|ch|sh|tomato|potato|hero)$/.test(small)) return `${noun}es`;
  return `${noun}s`;
}

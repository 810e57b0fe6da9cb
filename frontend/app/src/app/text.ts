/**
 * Every word that the visitor reads, in one place: a translation is another object of this type, with plurals by the rules
 * of its own language. Templates and code hold none (tests/text.test.ts).
 */
import { pluralOf } from './plurals';

const LOCALE = 'en-GB';
let rules: Intl.PluralRules | undefined;

/** Whether `count` things are spoken of in the singular. */
const isOne = (count: number): boolean => {
  rules ??= new Intl.PluralRules(LOCALE);
  return rules.select(count) === 'one';
};

const plural = (count: number, one: string, many: string): string =>
  `${String(count)} ${isOne(count) ? one : many}`;

export const text = {
  /** of figures and lists */
  locale: LOCALE,
  name: 'digitlens',
  /** one line that says what the page does */
  promise: {
    numbers: 'Reads the numbers on a photo, in your browser. Nothing is uploaded.',
    characters: 'Reads the signs on a photo, in your browser. Nothing is uploaded.',
    objects: (names: string) => `Finds ${names} on a photo, in your browser. Nothing is uploaded.`,
    labelling:
      'Labels the photos of this folder. They stay on this machine, and so do the labels: in annotations.csv beside them.',
    others: (count: number) => plural(count, 'other kind of object', 'other kinds of objects'),
  },
  /** before the program starts, and where it doesn't */
  start: {
    starting: 'Starting …',
    late: 'If nothing happens here: the page’s program did not start. It needs JavaScript from this site, which a blocker may hold back, and a browser of 2023 or later. Reload the page, or try another browser.',
    noscript:
      'This page looks at photos on your own device, and needs JavaScript for it: allow it for this site, then reload the page.',
    broken:
      'The page’s program stopped while it started. Reload the page; if it stays so, allow this site to keep data, or try another browser.',
  },
  /** "2 raccoons", "1 cat"; names that are no plain words are counted as they stand: "3 × WBC" */
  counted: (name: string, count: number) => {
    const many = pluralOf(name);
    if (many === undefined) return `${String(count)} × ${name}`;
    return plural(count, name, many);
  },
  /** what is said otherwise of characters, which are read together, than of objects */
  kinds: {
    lines: {
      idle: 'Ready. Choose a photo to read.',
      busy: 'Reading your photo …',
      over: 'Drop to read',
      each: 'One by one, in reading order',
      live: 'Read live',
      stop: 'Stop reading',
      reading: 'reading …',
    },
    none: {
      idle: 'Ready. Choose a photo to look at.',
      busy: 'Looking at your photo …',
      over: 'Drop to look at it',
      each: 'One by one',
      live: 'Look live',
      stop: 'Stop looking',
      reading: 'looking …',
    },
  },
  skip: 'Skip to the photo',
  privacy: 'Your photo stays on this device',
  close: 'Close',
  retry: 'Try again',
  reload: 'Reload the page',
  details: 'Details',
  underMillisecond: 'under 1 ms',

  picker: {
    heading: 'Add photos',
    choose: 'Choose photos',
    camera: 'Use the camera',
    hint: 'or drop them anywhere, or paste one',
    samples: 'No photo at hand? Try one of these:',
    sample: (name: string) => `Sample: ${name}`,
    address:
      'What you dropped is an address, not a picture. Save the picture on this device first, then drop or choose the file.',
    noPicture:
      'There is no picture in the clipboard. Copy a picture itself, not its address or file name.',
    emptyFolder: 'There are no pictures in this folder.',
    leftOut: (count: number) =>
      plural(
        count,
        'file was left out: it is no picture.',
        'files were left out: they are no pictures.',
      ),
    notShared: 'The shared picture did not arrive. Choose it here instead.',
    sampleFailed: 'The sample could not be loaded. Check the connection, then try again.',
  },

  model: {
    loading: (done: string, total: string) => `Loading the model: ${done} of ${total}`,
    program: (done: string) => `The program that runs it: ${done} so far.`,
    starting: 'Loading the model …',
    preparing: 'Preparing the model …',
    meanwhile: 'You can choose photos meanwhile; they are looked at as soon as it is here.',
    once: 'Only once: later visits start from this device, also without a network.',
    cancel: 'Cancel the download',
    cancelled: 'The download was cancelled. What has arrived is kept where your browser allows it.',
    resume: 'Download the model',
  },

  photo: {
    alternative: (name: string, found: string) => `${name}: ${found}`,
    zoomIn: 'Enlarge',
    zoomOut: 'Reduce',
    fit: 'Fit',
    exact: '1:1',
    region: 'Photo, scrolls when enlarged',
    unread: 'not looked at yet',
    remove: 'Remove',
  },

  list: {
    heading: (count: number) => plural(count, 'photo', 'photos'),
    waiting: 'waiting',
    nothing: 'nothing found',
    failed: "can't be read",
    remove: (name: string) => `Remove ${name}`,
    clear: 'Remove all',
    progress: (done: number, all: number) => `${String(done)} of ${plural(all, 'photo', 'photos')}`,
    stop: 'Stop',
    goOn: 'Go on',
    stopped: 'Stopped before this photo.',
    copy: 'Copy all',
    json: 'All as JSON',
    csv: 'All as CSV',
    labels: 'All as labels for training (ZIP)',
  },

  result: {
    heading: 'Result',
    reads: 'It reads',
    found: 'It shows',
    perhaps: 'perhaps',
    nothing: 'Nothing found on this photo. Closer and sharper often helps.',
    nothingAt: 'Nothing is that certain. Move the slider to the left to see less certain finds.',
    sure: (share: string) => `${share} sure`,
    least: 'Show finds that are at least',
    standard: 'Back to the standard',
    small: 'What is on this photo may be too small for one look.',
    tiles: 'Look closer, part by part',
    incomplete:
      'The end of this photo is missing: what is left of it was looked at. Copy or download it again to see the whole.',
    tiled: 'Looked at part by part.',
    untiled: 'As it was found at first.',
    back: 'Back to the first result',
    forth: 'Show the closer look',
  },

  exports: {
    heading: 'Keep the result',
    copy: 'Copy',
    share: 'Share',
    shareFailed: 'Your browser could not share this. Copy it instead.',
    copied: 'Copied.',
    copyFailed: 'Your browser does not allow copying. Select the text instead.',
    json: 'JSON',
    csv: 'CSV',
    png: 'Photo with frames (PNG)',
    labels: 'Labels for training (ZIP)',
    notLoaded:
      'The part of the page that writes files could not be loaded. Check the connection and try again; if it stays so, reload the page.',
    pngFailed: 'The picture could not be drawn: there is too little memory.',
  },

  camera: {
    heading: 'Camera',
    starting:
      'Starting the camera … If your browser asks whether this page may use it, allow it: the pictures stay on this device.',
    take: 'Take a photo',
    taking: 'Taking it …',
    choice: 'Which camera',
    device: (number: number) => `Camera ${String(number)}`,
    torch: 'Light',
    waiting: 'Live pictures come when the model is loaded.',
    rate: (rate: number) => plural(Math.round(rate), 'picture a second', 'pictures a second'),
    nothing: 'Nothing found yet',
    refused:
      'The camera may not be used. Allow it in the browser’s settings of this page, then try again.',
    missing: 'No camera was found. Connect one, or choose a photo instead.',
    taken: 'The camera can’t be opened. Another program may be using it.',
    ended:
      'The camera has ended: it was unplugged, or another program took it. Start it again when it is free.',
    muted: 'The camera gives no pictures at the moment.',
    failed: 'The recognizer failed and live pictures stopped. Start them again, or take a photo.',
    file: 'camera.jpg',
  },

  proof: {
    heading: 'Your photo stays on this device',
    explanation: [
      'Photos are looked at by a program that runs in your browser. They are never sent anywhere, not even to the site that you got this page from.',
      'The page couldn’t send them if it wanted to: its Content-Security-Policy allows connections to its own site only, and all that it ever asks for is in the list below. You can also cut the network now: the page works all the same.',
    ],
    requests: (count: number) => plural(count, 'request was made', 'requests were made'),
    none: 'No request was made: all came from this device.',
    file: 'What',
    by: 'Asked by',
    size: 'Over the network',
    stored: 'from this device',
    unrecorded: 'not recorded',
    page: 'page',
    worker: 'recognizer',
    serviceWorker: 'offline store',
    record:
      'Your browser’s own record, under “Network” in its developer tools, also shows what each request carried: no photo.',
    foreign: (count: number) => `Requests to other sites: ${String(count)}.`,
  },

  device: {
    heading: 'Speed on this device',
    backend: 'Runs on',
    backends: {
      webgpu: 'graphics processor (WebGPU)',
      webgl: 'graphics processor (WebGL)',
      wasm: 'processor (WebAssembly)',
      cpu: 'processor (JavaScript)',
    },
    threads: (count: number) => plural(count, 'thread', 'threads'),
    notLoaded: 'The model is not loaded yet.',
    last: 'The photo above',
    stages: {
      decode: 'Opening the photo',
      letterbox: 'Scaling it',
      inference: 'Running the model',
      recognition: 'Putting the result together',
      draw: 'Drawing it',
      total: 'Altogether, waiting included',
    },
    looks: (count: number) => plural(count, 'look', 'looks'),
    run: 'Measure on this device',
    running: 'Measuring …',
    measured: (least: string, middle: string, runs: number) =>
      `One look takes ${least} at best, ${middle} usually (${String(runs)} runs).`,
    bars: 'Milliseconds of each run',
  },

  correct: {
    correct: 'Correct',
    hint: 'Draw a frame around what was missed. Choose a frame to move or resize it, to press the key of another class, or Delete. Arrows move, with Shift they resize; Ctrl+Z takes back.',
    class: 'Class of the frame',
    add: 'Add a frame',
    delete: 'Delete',
    undo: 'Undo',
    unnamed: '?',
  },

  legend: {
    heading: 'Kinds',
    hint: 'Press one to hide or show it.',
    all: 'Show all',
  },

  about: {
    heading: 'What this page finds',
    classes: (count: number) => plural(count, 'kind of object', 'kinds of objects'),
    terms: 'Terms of the model',
    origin: 'The model was made with:',
    restricted: 'restricted use',
    term: (name: string, licence: string) => `${name} (${licence})`,
    limits: (names: string) =>
      `The model may not be used for everything: it was made with ${names}.`,
  },

  release: {
    offered: 'A new version is ready.',
    update: 'Update now',
    later: 'Later',
    updating: 'Updating … If it takes long, close the other tabs of this page.',
    elsewhere: 'This page was updated in another tab.',
    reload: 'Reload this one, too',
    offline: 'You are offline. The page works all the same.',
  },

  problems: {
    download:
      'The model could not be loaded. Check the connection, then try again. Your photo stays here.',
    integrity:
      'The model arrived damaged and is not used. Try again; if it stays so, the site needs repair.',
    manifest:
      'This page and its model do not fit together: the site may just have been updated. Reload the page; if it stays so, the site needs repair.',
    part: 'This part of the page could not be loaded. Check the connection, then reload the page; photos have to be chosen again.',
    worker: 'The recognizer stopped. Try again; a smaller photo needs less memory.',
    model: 'The model does not run in this browser. An update may help.',
    empty: 'This file is empty. Choose another, or copy it anew from where it came.',
    notImage: 'This file is not a picture that your browser can open. Try a JPEG, PNG or WebP.',
    heic: 'This browser can’t open HEIC pictures. Save it as JPEG and try again; on an iPhone, “Most Compatible” in Settings › Camera › Formats makes JPEGs.',
    unsupported: (format: string) =>
      `This browser can’t open ${format} pictures. Save it as JPEG or PNG with a program that opens it, then try again.`,
    kinds: {
      gone: 'This file can’t be opened: it was moved or deleted since you chose it, or it is a folder. Choose it again.',
      film: 'This is a film, not a photo. Stop it where it matters, take a screenshot, and choose that.',
      pdf: 'This is a PDF, not a photo. Take a screenshot of the page that matters, and choose that.',
      drawing:
        'This is a drawing (SVG), not a photo. Save it as PNG, or take a screenshot, and choose that.',
      webpage:
        'This is a web page, not a photo: perhaps the picture’s download led to a page. Save the picture itself.',
      document:
        'This is a document or an archive, not a photo. Take the pictures out of it, and choose them.',
      raw: 'This is a camera’s raw file, which browsers can’t open. Save it as JPEG, and choose that.',
    },
    insecure:
      'The model needs an address that begins with https (or localhost): your browser keeps what it needs from others. Open the page at such an address.',
    truncated: 'The end of this picture is missing. Copy or download it again, then try once more.',
    damaged: 'This picture is damaged and can’t be opened. Try another copy of it.',
    tooLarge:
      'This picture has too many pixels for a browser. Reduce it, or cut out the part that matters.',
  },
};

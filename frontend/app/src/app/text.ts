/**
 * Every word that the visitor reads, in one place: a translation is another object of this type. Templates and code hold
 * none (tests/text.test.ts).
 */

const plural = (count: number, one: string, many: string): string =>
  `${String(count)} ${count === 1 ? one : many}`;

export const text = {
  /** of figures and lists */
  locale: 'en-GB',
  name: 'digitlens',
  tagline: 'Reads what is on a photo',
  finds: 'Finds',
  findsTrained: 'Finds what it was trained for on a photo',
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
    over: 'Drop to read',
    samples: 'No photo at hand? Try one of these drawings:',
    sample: (name: string) => `Sample: ${name}`,
    sampleNames: {
      house: 'a house number',
      lines: 'several numbers',
      bricks: 'a number on bricks',
      tilted: 'a tilted plate',
    },
    sampleFailed: 'The sample could not be loaded. Check the connection, then try again.',
  },

  model: {
    loading: (done: string, total: string) => `Loading the model: ${done} of ${total}`,
    program: (done: string) => `The program that runs it: ${done} so far.`,
    starting: 'Loading the model …',
    preparing: 'Preparing the model …',
    meanwhile: 'You can choose photos meanwhile; they are read as soon as it is here.',
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
    region: 'Photo, scrolls when enlarged',
    unread: 'not read yet',
    remove: 'Remove',
  },

  list: {
    heading: (count: number) => plural(count, 'photo', 'photos'),
    waiting: 'waiting',
    reading: 'reading …',
    nothing: 'nothing found',
    failed: "can't be read",
    remove: (name: string) => `Remove ${name}`,
    clear: 'Remove all',
    json: 'All as JSON',
    csv: 'All as CSV',
  },

  result: {
    heading: 'Result',
    idle: 'Ready. Choose a photo to read.',
    busy: 'Reading your photo …',
    reads: 'It reads',
    found: 'Found',
    nothing: 'Nothing found on this photo. Closer and sharper often helps.',
    nothingAt: 'Nothing is that certain. Move the slider to the left to see less certain finds.',
    each: 'One by one, in reading order',
    sure: (share: string) => `${share} sure`,
    least: 'Show finds that are at least',
    standard: 'Back to the standard',
    small: 'What is on this photo may be too small for one look.',
    tiles: 'Look closer, part by part',
    tiled: 'Looked at part by part.',
  },

  exports: {
    heading: 'Keep the result',
    copy: 'Copy as text',
    copied: 'Copied.',
    copyFailed: 'Your browser does not allow copying. Select the text instead.',
    json: 'JSON',
    csv: 'CSV',
    png: 'Photo with frames (PNG)',
    notLoaded:
      'The part of the page that writes files could not be loaded. Check the connection and try again; if it stays so, reload the page.',
    pngFailed: 'The picture could not be drawn: there is too little memory.',
  },

  camera: {
    heading: 'Camera',
    starting: 'Starting the camera …',
    take: 'Take a photo',
    live: 'Read live',
    stop: 'Stop reading',
    turn: 'Other camera',
    waiting: 'Reading starts when the model is loaded.',
    rate: (rate: number) =>
      Math.round(rate) === 1
        ? '1 picture a second'
        : `${String(Math.round(rate))} pictures a second`,
    nothing: 'Nothing found yet',
    refused:
      'The camera may not be used. Allow it in the browser’s settings of this page, then try again.',
    missing: 'No camera was found. Connect one, or choose a photo instead.',
    taken: 'The camera can’t be opened. Another program may be using it.',
    failed: 'Live reading stopped: the recognizer failed. Start it again, or take a photo.',
    file: 'camera.jpg',
  },

  proof: {
    heading: 'Your photo stays on this device',
    explanation: [
      'Photos are read by a program that runs in your browser. They are never sent anywhere, not even to the site that you got this page from.',
      'The page couldn’t send them if it wanted to: its Content-Security-Policy allows connections to its own site only, and all that it ever asks for is in the list below. You can also cut the network now: photos are read all the same.',
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

  release: {
    offered: 'A new version is ready.',
    update: 'Update now',
    later: 'Later',
    updating: 'Updating … If it takes long, close the other tabs of this page.',
    elsewhere: 'This page was updated in another tab.',
    reload: 'Reload this one, too',
    offline: 'You are offline. Photos are read all the same.',
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
    unsupported: (format: string) =>
      `This browser can’t open ${format} pictures. Save it as JPEG and try again; on an iPhone, “Most Compatible” in Settings › Camera › Formats makes JPEGs.`,
    truncated: 'The end of this picture is missing. Copy or download it again, then try once more.',
    damaged: 'This picture is damaged and can’t be opened. Try another copy of it.',
    tooLarge:
      'This picture has too many pixels for a browser. Reduce it, or cut out the part that matters.',
  },
};

/** The device's cameras: which there are, one of them opened, and stills with all pixels it has. */

/** Pixels asked for where stills are taken from the film: what is there is given, at most as much. */
const FILM = { width: { ideal: 3840 }, height: { ideal: 2160 } };
/** Where the camera takes stills by itself, live pictures need no more. */
const LIVE = { width: { ideal: 1920 }, height: { ideal: 1080 } };
/** Milliseconds that a camera may take for a still, before one of the film is taken. */
const PATIENCE = 4000;

/** Not yet in TypeScript's own types, and not in all browsers. */
interface StillCamera {
  takePhoto(): Promise<Blob>;
}
type StillCameraMaker = new (track: MediaStreamTrack) => StillCamera;

function maker(): StillCameraMaker | undefined {
  return (globalThis as { ImageCapture?: StillCameraMaker }).ImageCapture;
}

/** Opens the camera `device`, or the one that looks away from who holds the device. */
export function openCamera(device: string | undefined): Promise<MediaStream> {
  const which =
    device === undefined ? { facingMode: 'environment' } : { deviceId: { exact: device } };
  return navigator.mediaDevices.getUserMedia({ video: { ...which, ...(maker() ? LIVE : FILM) } });
}

export interface Device {
  id: string;
  /** empty where the browser keeps it for itself */
  name: string;
}

/** Cameras of this device; browsers name them only once one was allowed. */
export async function cameras(): Promise<Device[]> {
  try {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all
      .filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '')
      .map(({ deviceId, label }) => ({ id: deviceId, name: label }));
  } catch {
    return [];
  }
}

export function hasTorch(track: MediaStreamTrack): boolean {
  const { torch } = (
    'getCapabilities' in track ? track.getCapabilities() : {}
  ) as MediaTrackCapabilities & { torch?: boolean };
  return torch === true;
}

export function setTorch(track: MediaStreamTrack, isOn: boolean): Promise<void> {
  return track.applyConstraints({ advanced: [{ torch: isOn } as MediaTrackConstraintSet] });
}

/**
 * A still of all the pixels that the camera has, or else of the film as it runs.
 *
 * @throws DOMException where the camera gives no picture
 */
export async function still(track: MediaStreamTrack, video: HTMLVideoElement): Promise<Blob> {
  const Maker = maker();
  if (Maker) {
    const late = new Promise<undefined>((resolve) => {
      setTimeout(resolve, PATIENCE, undefined);
    });
    const photo = new Maker(track).takePhoto().catch(() => undefined);
    const taken = await Promise.race([photo, late]);
    if (taken && taken.size > 0) return taken;
  }
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
}

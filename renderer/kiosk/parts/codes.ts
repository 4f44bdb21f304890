import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { readCodes } from '../codes/reader.ts';
import { useKiosk } from '../kiosk.ts';

/** Reads QR codes that are held up to the camera, with a sound for each. @returns whether reading failed */
export function useCodes(onCode: (text: string) => void): boolean {
  const { camera, sounds } = useKiosk();
  const broken = useSignal(false);
  const call = useRef(onCode);
  call.current = onCode;
  const state = camera.state.value;
  const track = state.kind === 'live' ? state.track : null;
  useEffect(() => {
    if (!track) return;
    const read = (text: string): void => {
      sounds.play('tick');
      call.current(text);
    };
    return readCodes(track, read, () => (broken.value = true));
  }, [track]);
  return broken.value;
}

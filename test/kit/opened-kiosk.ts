import { type OpenKiosk, openKiosk } from '../../electron/core/open-kiosk.ts';

/** Works with a kiosk's store while no core has it open. */
export async function withKiosk<T>(home: string, work: (kiosk: OpenKiosk) => Promise<T> | T): Promise<T> {
  const kiosk = await openKiosk({ home, deviceSecret: null, allowSecretFile: true });
  try {
    return await work(kiosk);
  } finally {
    await kiosk.close();
  }
}

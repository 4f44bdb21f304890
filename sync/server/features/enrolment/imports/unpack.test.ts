import { crc32, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { unpack } from './unpack.ts';

interface Made {
  readonly name: string;
  readonly content: Buffer;
  /** Size stated in the archive. Default: the real size. */
  readonly claims?: number;
  readonly flags?: number;
}

const packed = new Map<Buffer, Buffer>();
function deflated(content: Buffer): Buffer {
  const data = packed.get(content) ?? deflateRawSync(content);
  packed.set(content, data);
  return data;
}

/** Builds an archive byte by byte as in APPNOTE.TXT, so that tests can also build invalid ones. */
function zipOf(files: readonly Made[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const { name, content, claims = content.length, flags = 0 } of files) {
    const data = deflated(content);
    const head = Buffer.alloc(26);
    head.writeUInt16LE(20, 0);
    head.writeUInt16LE(flags, 2);
    head.writeUInt16LE(8, 4);
    head.writeUInt32LE(crc32(content), 10);
    head.writeUInt32LE(data.length, 14);
    head.writeUInt32LE(claims, 18);
    head.writeUInt16LE(Buffer.byteLength(name), 22);
    const entry = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), head, Buffer.from(name), data]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(at, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0', 'latin1'), head, more, Buffer.from(name)]));
    local.push(entry);
    at += entry.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...local, directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}

const large = Buffer.alloc(10_000_000);
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 1, 2, 3]);

describe('an upload to an import', () => {
  test('an archive yields its pictures by name, without folders and system files, and the lines of its list', async () => {
    const zip = zipOf([
      { name: 'class 7/ada.jpg', content: jpeg },
      { name: '__MACOSX/class 7/._ada.jpg', content: jpeg },
      {
        name: 'class 7/list.csv',
        content: Buffer.from('\ufeffDatei;Personalnummer;E-Mail\r\nada.jpg;0042;\r\nb.jpg;;b@example.org\r\n'),
      },
    ]);
    expect(await unpack('photos.zip', zip)).toEqual({
      pictures: [{ name: 'ada.jpg', content: jpeg }],
      lines: [
        expect.objectContaining({ line: 2, people: false, file: 'ada.jpg', number: '0042', email: null, name: null }),
        expect.objectContaining({ line: 3, people: false, file: 'b.jpg', number: null, email: 'b@example.org' }),
      ],
    });
  });

  test.each([
    ['leads out of it', [{ name: '../../etc/passwd', content: jpeg }], 'zip-name-unsafe'],
    ['is locked', [{ name: 'a.jpg', content: jpeg, flags: 1 }], 'zip-encrypted'],
    [
      'says it is small and is a bomb',
      [{ name: 'a.jpg', content: Buffer.alloc(20_000_000), claims: 1000 }],
      'zip-too-large',
    ],
    ['holds too many', Array.from({ length: 2001 }, (_, i) => ({ name: `${i}.jpg`, content: jpeg })), 'zip-too-many'],
    [
      'unpacks to too much',
      Array.from({ length: 27 }, (_, i) => ({ name: `${i}.jpg`, content: large })),
      'zip-too-large',
    ],
  ])('an archive that %s is refused', async (_, files, code) => {
    await expect(unpack('photos.zip', zipOf(files))).rejects.toMatchObject({ code });
  });

  test('a truncated archive is refused, and an oversized file is reported by name', async () => {
    const zip = zipOf([{ name: 'a.jpg', content: jpeg }]);
    await expect(unpack('a.zip', zip.subarray(0, zip.length - 30))).rejects.toMatchObject({ code: 'zip-broken' });
    const large = zipOf([{ name: 'a.jpg', content: Buffer.alloc(13 * 1024 * 1024) }]);
    expect((await unpack('a.zip', large)).pictures).toEqual([{ name: 'a.jpg', content: null, code: 'file-too-large' }]);
  });
});

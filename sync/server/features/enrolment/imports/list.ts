import { parse } from 'csv-parse/sync';
import { Problem } from '../../../../errors/problem.ts';

/** Reads a list that says who the pictures show, or which people to create. It may come from any program and isn't trusted. */

/** Largest list in bytes, and most rows in it below the header. */
const MEGABYTES = 4;
export const MAX_LIST_BYTES = MEGABYTES * 1024 * 1024;
const MAX_ROWS = 20_000;
/** Characters read of a cell. Longer values are rejected anyway (people-rules.ts). */
const MAX_CELL = 400;

/** A line as written in the list. Empty cells are null. */
export interface ListLine {
  /** Number of the line in its file. The header line is 1. */
  readonly line: number;
  /** Whether the list can create people: it has a name, and a number or e-mail address that identifies them in a later run. */
  readonly people: boolean;
  /** Name of the picture's file, without folders. */
  readonly file: string | null;
  readonly number: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly site: string | null;
  readonly language: string | null;
}

/** Normalises names of files, people and sites for comparison. */
export const plain = (text: string): string => text.normalize('NFC').trim().toLowerCase();

/**
 * Column titles in each language of the product, as `plainTitle` leaves them: lower case, without accents, spaces and signs.
 * `nom`, `nombre` and `ad` are a full name, or one part of it if the list also has a column for the other part.
 */
const COLUMNS = {
  file: titled(
    'file filename photo photofile photofilename picture image, datei dateiname foto fotodatei bild bilddatei',
    'fichier nomdefichier nomdufichier fichierphoto, archivo fichero nombredelarchivo nombredearchivo imagen',
    'plik nazwapliku zdjecie plikzdjecia, dosya dosyaadı dosyaadi fotograf resim',
    'الصورة ملفالصورة, 照片 照片文件 文件名',
  ),
  number: titled(
    'number id no nr personnumber personnelnumber employeeid employeenumber staffid',
    'nummer personalnr personalnummer ausweisnummer, numero matricule identifiant numeroemploye',
    'numerodeempleado matricula legajo, numer numerpracownika numerosobowy numerewidencyjny',
    'numara sicilno sicilnumarası sicilnumarasi personelno personelnumarası personelnumarasi ogrencino',
    'الرقم الرقمالوظيفي, 编号 工号',
  ),
  email: titled(
    'email mail emailaddress, emailadresse mailadresse, courriel adresseemail adressemail adresseelectronique',
    'correo correoelectronico direcciondecorreo, adresemail pocztaelektroniczna, eposta epostaadresi',
    'البريدالالكتروني, 邮箱 电子邮件',
  ),
  name: titled(
    'name fullname person, vollername vollstandigername, nom nomcomplet nometprenom prenometnom nomprenom prenomnom',
    'nombre nombrecompleto nombreyapellidos apellidosynombre, imieinazwisko nazwiskoiimie imienazwisko',
    'ad adsoyad adısoyadı adisoyadi isim isimsoyisim, الاسم الاسمالكامل, 姓名',
  ),
  first: titled('firstname givenname forename, vorname, prenom, nombre, imie imiona, ad adı adi isim, الاسمالاول, 名'),
  last: titled(
    'lastname surname familyname, nachname familienname, nom nomdefamille, apellido apellidos, nazwisko',
    'soyad soyadı soyadi soyisim, اسمالعائله اسمالعائلة, 姓',
  ),
  site: titled(
    'site location building, standort gebaude, etablissement lieu batiment, sede centro ubicacion edificio',
    'obiekt lokalizacja oddział placowka budynek, tesis konum yerleske sube bina, الموقع, 站点 地点',
  ),
  language: titled('language lang, sprache, langue, idioma, jezyk, dil, اللغة اللغه, 语言'),
} as const;

/** Splits lists of titles at spaces and commas. */
function titled(...titles: readonly string[]): ReadonlySet<string> {
  return new Set(titles.flatMap((some) => some.split(/,? /)));
}

const plainTitle = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^\p{L}]/gu, '');

/**
 * Reads a list with a header line and columns in any order. Detects separator and encoding.
 *
 * @throws Problem `list-unreadable`, `list-too-large`
 */
export function readList(bytes: Uint8Array): ListLine[] {
  const tooLarge = new Problem('list-too-large', { rows: MAX_ROWS, megabytes: MEGABYTES });
  if (bytes.length > MAX_LIST_BYTES) throw tooLarge;
  let rows: { record: string[]; info: { lines: number } }[];
  try {
    const text = decoded(bytes);
    rows = parse(withoutFormulas(text), {
      delimiter: separatorOf(text),
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
      // More than allowed, so that a longer list is not cut off.
      to: MAX_ROWS + 3,
    }) as unknown as typeof rows;
  } catch (cause) {
    throw unreadable(cause);
  }
  // Names the separator for Excel.
  if (/^sep=$/i.test(rows[0]?.record[0] ?? '')) rows.shift();
  const [head, ...rest] = rows;
  if (rest.length > MAX_ROWS) throw tooLarge;
  const titles = (head?.record ?? []).map(plainTitle);
  const at = (column: keyof typeof COLUMNS) => titles.findIndex((title) => COLUMNS[column].has(title));
  const [file, number, email, site, language] = [at('file'), at('number'), at('email'), at('site'), at('language')];
  const [name, first, last] = [at('name'), at('first'), at('last')];
  const named = name >= 0 || last >= 0;
  const inParts = name < 0 || (first >= 0 && last >= 0 && (name === first || name === last));
  const people = named && (number >= 0 || email >= 0);
  if (!people && (file < 0 || (number < 0 && email < 0 && !named))) throw unreadable();
  return rest.flatMap(({ record, info }) => {
    const cell = (i: number) => (i < 0 ? null : plainCell(record[i] ?? '').slice(0, MAX_CELL) || null);
    const path = cell(file);
    const line = {
      line: info.lines,
      people,
      file: path && (path.split(/[/\\]/).at(-1) ?? null),
      number: cell(number),
      email: cell(email),
      name: inParts ? [cell(first), cell(last)].filter((part) => part !== null).join(' ') || null : cell(name),
      site: cell(site),
      language: cell(language),
    };
    const filled = [line.file, line.number, line.email, line.name].some((value) => value !== null);
    return filled && (people || line.file !== null) ? [line] : [];
  });
}

/** Decodes UTF-8, or UTF-16 with a byte order mark, which Excel calls “Unicode text”. */
function decoded(bytes: Uint8Array): string {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff && 'utf-16be';
  return new TextDecoder(utf16 || 'utf-8', { fatal: true }).decode(bytes);
}

/** Finds the separator in the first line that isn't blank, outside of quotes. */
function separatorOf(text: string): string {
  const head = (/\S.*/.exec(text)?.[0] ?? '').replaceAll(/"[^"]*"/g, '');
  return [';', '\t', ','].find((d) => head.includes(d)) ?? ',';
}

/** Unwraps `="0042"`, with which Excel keeps leading zeros. It is text, not a formula. As it is in the file, or as a cell. */
const withoutFormulas = (text: string): string =>
  text.replaceAll(/(?<=^|[;,\t])="([^"\r\n]*)"(?=[;,\t\r\n]|$)/gm, '"$1"');
const plainCell = (cell: string): string => /^="([^"]*)"$/.exec(cell)?.[1] ?? cell;

const unreadable = (cause?: unknown): Problem => new Problem('list-unreadable', { cause });

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readList } from './list.ts';

const read = (text: string) => readList(Buffer.from(text));

describe('a list of files or people', () => {
  test('says who each file shows, with columns in any order', () => {
    expect(read('file,name\n"Lovelace, Ada.jpg","Ada Lovelace"\n')).toEqual([
      {
        line: 2,
        people: false,
        file: 'Lovelace, Ada.jpg',
        number: null,
        email: null,
        name: 'Ada Lovelace',
        site: null,
        language: null,
      },
    ]);
  });

  test('of people, with a byte order mark, semicolons, other titles, empty lines and folders before a file’s name', () => {
    const text =
      '\ufeffE-Mail-Adresse;Foto-Datei;Personal-Nr.;Vorname;Nachname;Gebäude;Sprache\r\n\r\nada@x.example;C:\\Fotos\\ada.jpg;0042;Ada;Lovelace;Nord;Deutsch\r\n';
    expect(read(text)).toEqual([
      {
        line: 3,
        people: true,
        file: 'ada.jpg',
        number: '0042',
        email: 'ada@x.example',
        name: 'Ada Lovelace',
        site: 'Nord',
        language: 'Deutsch',
      },
    ]);
    expect(read('الاسم,الرقم\nليلى,7\n')).toMatchObject([{ people: true, name: 'ليلى', number: '7' }]);
    expect(read('姓名,工号\n李伟,8\n')).toMatchObject([{ people: true, name: '李伟', number: '8' }]);
  });

  test.each([
    ['Prénom;Nom;Matricule;Adresse e-mail;Établissement;Langue;Photo', 'Zoé;Lovelace'],
    ['Nombre;Apellidos;Número;Correo electrónico;Sede;Idioma;Foto', 'Zoé;Lovelace'],
    ['Nazwisko;Imię;Numer pracownika;Adres e-mail;Oddział;Język;Zdjęcie', 'Lovelace;Zoé'],
    ['Adı;SOYADI;Sicil No;E-posta;Şube;Dil;Fotoğraf', 'Zoé;Lovelace'],
    ['Nom;Numéro;Courriel;Site;Langue;Fichier', 'Zoé Lovelace'],
    ['Nombre;Número;Correo;Sede;Idioma;Archivo', 'Zoé Lovelace'],
    ['Imię i nazwisko;Numer;E-mail;Lokalizacja;Język;Plik', 'Zoé Lovelace'],
    ['Ad Soyad;Numara;E-posta;Konum;Dil;Dosya', 'Zoé Lovelace'],
  ])('of people, with the titles %s', (head, name) => {
    const rest = { number: '7', email: 'z@x.example', site: 'Nord', language: 'de', file: 'z.jpg' };
    expect(read(`${head}\n${name};${Object.values(rest).join(';')}\n`)).toEqual([
      { line: 2, people: true, name: 'Zoé Lovelace', ...rest },
    ]);
  });

  test.each([
    ['en', 'name, number, email, site, language, photo'],
    ['de', 'Name, Nummer, E-Mail, Standort, Sprache, Foto'],
    ['fr', 'nom, numéro, e-mail, site, langue, photo'],
    ['es', 'nombre, número, correo electrónico, sede, idioma, foto'],
    ['pl', 'imię i nazwisko, numer, e-mail, obiekt, język, zdjęcie'],
    ['tr', 'ad, numara, e-posta, tesis, dil, fotoğraf'],
    ['zh', '姓名, 编号, 邮箱, 站点, 语言, 照片'],
    ['ar', 'الاسم, الرقم, البريد الإلكتروني, الموقع, اللغة, الصورة'],
  ])('of people, with the titles the console asks for: %s', (language, head) => {
    const locale = new URL(`../../../../../renderer/console/locales/${language}.json`, import.meta.url);
    const hint = JSON.parse(readFileSync(locale, 'utf8')).imports.filesHint;
    for (const title of head.split(', ')) expect(hint).toContain(title);
    const rest = { number: '7', email: 'z@x.example', site: 'Nord', language: 'de', file: 'z.jpg' };
    expect(read(`${head}\nZoé Lovelace,${Object.values(rest).join(',')}\n`)).toEqual([
      { line: 2, people: true, name: 'Zoé Lovelace', ...rest },
    ]);
  });

  test('saved by Excel as Unicode text, or with leading zeros kept by =""…""', () => {
    const unicode = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Name\tNumber\nZoë\t0042\n', 'utf16le')]);
    expect(readList(unicode)).toMatchObject([{ name: 'Zoë', number: '0042' }]);
    expect(read('name,number\nAda,"=""0042"""\n')).toMatchObject([{ number: '0042' }]);
    // As programs write it that export for Excel, with the line that names Excel's separator.
    expect(read('sep=;\r\nname;number\r\nAda;="0042"\r\nZoë;="=1"\r\n')).toMatchObject([
      { line: 3, number: '0042' },
      { line: 4, number: '=1' },
    ]);
  });

  test('with blank lines before its header, or another separator in a title', () => {
    expect(read('\r\n \r\nName;Number\r\nAda;7\r\n')).toMatchObject([{ line: 4, name: 'Ada', number: '7' }]);
    expect(read('"Name","Number","Mail; private"\nAda,7,x\n')).toMatchObject([{ name: 'Ada', number: '7' }]);
  });

  test('is read whole or not at all', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => `P,${i}\n`).join('');
    expect(read(`name,number\n${rows(20_000)}`).at(-1)).toMatchObject({ number: '19999', line: 20_001 });
    const tooLarge = expect.objectContaining({ code: 'list-too-large', params: { rows: 20_000, megabytes: 4 } });
    expect(() => read(`name,number\n${rows(20_001)}`)).toThrow(tooLarge);
    expect(() => read(`name,number\nAda,1\n${' '.repeat(4 * 1024 * 1024)}`)).toThrow(tooLarge);
  });

  test('without a header line, or not in UTF-8, can’t be read', () => {
    for (const wrong of [
      'ada.jpg,1\n',
      'file\nada.jpg\n',
      'name\nAda\n',
      'file,number\n"unclosed',
      'name,number\nZo\xeb,1',
    ])
      expect(() => readList(Buffer.from(wrong, 'latin1'))).toThrow(
        expect.objectContaining({ code: 'list-unreadable' }),
      );
  });
});

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { environmentLine, readEnvironmentFile } from './env-file.ts';

test('a file of variables is parsed as systemd does for a unit', () => {
  const text = `
# a comment
; another
 PLAIN = Main entrance\t
QUOTED="Main entrance"
SINGLE='it says "$HOME"'
ESCAPED="a \\"b\\" \\$c \\d"
JOINED=one\\
two
EMPTY=
PARTS="a "'b'
INNER=a"b"
no variable
1WRONG=x
LAST=end`;
  expect(readEnvironmentFile(text)).toEqual({
    PLAIN: 'Main entrance',
    QUOTED: 'Main entrance',
    SINGLE: 'it says "$HOME"',
    ESCAPED: 'a "b" $c \\d',
    JOINED: 'onetwo',
    EMPTY: '',
    PARTS: 'a b',
    INNER: 'a"b"',
    LAST: 'end',
  });
});

test.each(['Main entrance', 'a"b\\c`d$e', "it's", 'smtps://user:p%40ss@host:465', '', 'Zürich; 東京 #1'])(
  'a written line is parsed back, here and by a shell: %s',
  (value) => {
    const line = environmentLine('NAME', value);
    expect(readEnvironmentFile(`${line}\n`)).toEqual({ NAME: value });
    const shell = spawnSync('sh', ['-c', `${line}\nprintf %s "$NAME"`], { encoding: 'utf8' });
    expect(shell.stdout).toBe(value);
  },
);

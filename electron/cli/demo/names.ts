/**
 * Made-up names, as varied as at a large entrance. First names and surnames of the same origin are combined. Any match with a
 * real person is coincidental.
 */
const NAMES: readonly (readonly [language: string, first: string, last: string])[] = [
  ['en', 'Amara Emeka Ngozi Tunde Ifeoma Chidi', 'Okafor Adeyemi Balogun Nwosu Eze Abara'],
  ['fr', 'Camille Mathis Élodie Hugo Léa Noé', 'Garnier Chauvel Lefèvre Moreau Bertin Rousselot'],
  ['en', 'Priya Arjun Meera Rohan Kavya Dev', 'Raman Kulkarni Menon Iyer Chaudhari Bhat'],
  ['de', 'Annika Jonas Frieda Lukas Greta Matthis', 'Osterkamp Brandt Lüders Böttcher Hartwig Weidner'],
  ['tr', 'Zeynep Emre Defne Kerem Aylin Onur', 'Korkmaz Yıldırım Aksoy Özkan Şimşek Demirtaş'],
  ['zh', '静 浩 美琳 伟 晓雪 俊', '周 唐 冯 卢 沈 邱'],
  ['pl', 'Zofia Jakub Hania Tymon Maja Kacper', 'Mazur Wójcik Dudek Sikora Zięba Pawlak'],
  ['ar', 'ليلى سامر هالة يوسف نور كريم', 'حداد منصور خوري بركات ناصر صالح'],
  ['es', 'Lucía Mateo Inés Álvaro Noa Iker', 'Ibáñez Montalvo Cabrera Peñalver Quiroga Zambrano'],
  ['en', 'Linh Minh Thảo Khang An Bảo', 'Trần Phạm Đặng Bùi Vũ Hồ'],
  ['en', 'Nia Callum Maeve Rhys Grace Owen', 'Whitlock Gallagher Penrose Merrick Ashdown Tolland'],
  ['en', 'Yuki Haruto Sakura Ren Aoi Kaede', 'Tanabe Kirishima Hayama Okabe Morinaga Shiraishi'],
];

/** Returns the n-th made-up person, from 0. Any twelve in a row have twelve origins, and the first 432 names differ. */
export function madeUpPerson(n: number): { readonly name: string; readonly language: string } {
  const [language, first, last] = NAMES[n % NAMES.length]!;
  const round = Math.floor(n / NAMES.length);
  const [given, family] = [first.split(' '), last.split(' ')];
  const [a, b] = [given[round % given.length]!, family[(round + Math.floor(round / given.length)) % family.length]!];
  return { name: language === 'zh' ? b + a : `${a} ${b}`, language };
}

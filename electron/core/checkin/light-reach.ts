/** How many of the last people decide whether the light challenge works here. */
const PEOPLE = 3;

/**
 * Tracks whether the screen's light reaches faces here, judged by the last people's faces. Kept in memory only. If the newest
 * answers of three other people were visible, a face that shows nothing has failed. If that is unknown, or others' answers were
 * not visible either, ambient light may drown the colours, and nobody is turned away for that.
 */
export function createLightReach() {
  /** Newest last. */
  const answers = new Map<string, boolean>();
  const newest = (but?: string) => [...answers].filter(([person]) => person !== but).slice(-PEOPLE);
  return {
    saw(person: string, answered: boolean): void {
      answers.delete(person);
      answers.set(person, answered);
      // One more than needed, since the person there now is left out.
      for (const old of [...answers.keys()].slice(0, -PEOPLE - 1)) answers.delete(old);
    },
    /** Returns true if the faces of the last three other people all answered. */
    proven(person: string): boolean {
      const others = newest(person);
      return others.length === PEOPLE && others.every(([, answered]) => answered);
    },
    /** Returns true if none of the last three people's faces answered. */
    drowned(): boolean {
      const all = newest();
      return all.length === PEOPLE && all.every(([, answered]) => !answered);
    },
  };
}
export type LightReach = ReturnType<typeof createLightReach>;

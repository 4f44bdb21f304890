/** Maps slots to templates and people: the names beside the gallery's numbers. Call times do not depend on the gallery's size. */
export class Registry {
  readonly #templateAt: string[] = [];
  readonly #personAt: number[] = [];
  /** The index of a slot in its person's list. */
  readonly #placeAt: number[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #numberOf = new Map<string, number>();
  /** Name and slots by the person's number; free numbers are reused. */
  readonly #names: string[] = [];
  readonly #slotsOf: number[][] = [];
  readonly #free: number[] = [];

  get templates(): number {
    return this.#templateAt.length;
  }

  get people(): number {
    return this.#numberOf.size;
  }

  slotOf(template: string): number | undefined {
    return this.#slotOf.get(template);
  }

  template(slot: number): string {
    return this.#templateAt[slot]!;
  }

  name(person: number): string {
    return this.#names[person]!;
  }

  /** Returns the slots of a person; not a copy. */
  slotsOf(person: string): readonly number[] {
    const number = this.#numberOf.get(person);
    return number === undefined ? [] : this.#slotsOf[number]!;
  }

  /** Assigns the next slot to a template; returns the person's number. */
  add(template: string, person: string): number {
    const slot = this.#templateAt.length;
    let number = this.#numberOf.get(person);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#names.length;
      this.#names[number] = person;
      this.#slotsOf[number] = [];
      this.#numberOf.set(person, number);
    }
    const slots = this.#slotsOf[number]!;
    this.#templateAt.push(template);
    this.#personAt.push(number);
    this.#placeAt.push(slots.length);
    slots.push(slot);
    this.#slotOf.set(template, slot);
    return number;
  }

  /** Frees a slot; the last slot's template moves into it. The caller moves the numbers accordingly. */
  remove(slot: number): void {
    const number = this.#personAt[slot]!;
    const slots = this.#slotsOf[number]!;
    const place = this.#placeAt[slot]!;
    const lastOfPerson = slots.pop()!;
    if (lastOfPerson !== slot) {
      slots[place] = lastOfPerson;
      this.#placeAt[lastOfPerson] = place;
    }
    this.#slotOf.delete(this.#templateAt[slot]!);
    if (slots.length === 0) {
      this.#numberOf.delete(this.#names[number]!);
      this.#names[number] = '';
      this.#free.push(number);
    }
    const last = this.#templateAt.length - 1;
    const template = this.#templateAt.pop()!;
    const person = this.#personAt.pop()!;
    const lastPlace = this.#placeAt.pop()!;
    if (slot !== last) {
      this.#templateAt[slot] = template;
      this.#personAt[slot] = person;
      this.#placeAt[slot] = lastPlace;
      this.#slotsOf[person]![lastPlace] = slot;
      this.#slotOf.set(template, slot);
    }
  }
}

/** An error of the face pipeline with a stable code and a sentence for the person who must act. */
export class ModelProblem extends Error {
  readonly code: string;
  readonly nextStep: string;

  /**
   * @param code kebab-case and stable, e.g. `picture-not-decodable`
   * @param message one sentence that says what happened
   * @param nextStep one sentence that says what to do
   */
  constructor(code: string, message: string, nextStep = '', options?: ErrorOptions) {
    super(message, options);
    this.name = 'ModelProblem';
    this.code = code;
    this.nextStep = nextStep;
  }
}

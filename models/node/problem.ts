import type { ErrorCode } from '../../sync/errors/problem.ts';
import { Problem } from '../../sync/errors/problem.ts';

/** An error of the face pipeline. Lets callers distinguish a bad picture or model from any other failure. */
export class ModelProblem<C extends ErrorCode = ErrorCode> extends Problem<C> {}

export { when } from '../../../shared/locales/ar/when.ts';

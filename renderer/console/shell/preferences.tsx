export * from '../../shared/web/choices.tsx';

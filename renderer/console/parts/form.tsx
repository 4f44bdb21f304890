export * from '../../shared/web/form.tsx';

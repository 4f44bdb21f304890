export * from '../../shared/web/mark.tsx';

export * from '../../shared/web/empty.tsx';

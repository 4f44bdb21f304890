export * from '../../shared/web/ring.tsx';

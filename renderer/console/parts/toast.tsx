export * from '../../shared/web/toast.tsx';

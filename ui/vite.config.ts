import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

// No source maps and no inlined assets: the page is embedded in the program and its policy is `default-src 'self'`.
export default defineConfig(({ mode }) => ({
  base: '/ui/',
  plugins: [svelte()],
  // Under test, Svelte's browser build is wanted and not the one that renders on a server.
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: ['es2022', 'safari16'],
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  // `npm run dev` beside a running turnoutd. It has the address of that but for the port, so that the session's cookie
  // holds for both, and tells it the name it is called by: a call from another origin would be refused.
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: loadEnv(mode, '.', 'TURNOUT')['TURNOUT'] || 'http://127.0.0.1:7790', changeOrigin: false } },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    restoreMocks: true,
    testTimeout: 20_000,
  },
}));

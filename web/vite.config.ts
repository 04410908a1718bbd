import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

const API = process.env['DENGTA_API'] ?? 'http://127.0.0.1:8420'

export default defineConfig({
  plugins: [vue()],
  // `npm run dev` shows the console with a running system's data.
  server: { proxy: { '/api': API } },
  build: {
    target: 'es2022',
    // MapLibre is one module of about 1.1 MB and its worker another; both are cached by content hash.
    chunkSizeWarningLimit: 1300,
    // The content security policy takes pictures from data: but fonts and scripts from files only.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        codeSplitting: { groups: [{ name: 'maplibre', test: /node_modules[\\/]maplibre-gl/ }] },
      },
    },
  },
})

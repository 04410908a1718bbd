/** Where the console begins. */
import { createApp } from 'vue'

import 'maplibre-gl/dist/maplibre-gl.css'
import './style/tokens.css'
import './style/base.css'
import App from './App.vue'

createApp(App).mount('#app')

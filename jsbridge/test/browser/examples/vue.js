import { h, ref } from "vue";
import "matter-session/element";

// In a template: <matter-commission :networks="networks" fabric-label="My home" @matter-commissioned="add" />, with
// compilerOptions.isCustomElement: tag => tag.startsWith("matter-") in the build.
export const AddDevice = {
  props: ["agent", "networks"],
  setup(props) {
    const devices = ref([]);
    return () => [
      h("matter-commission", {
        agent: props.agent,
        networks: props.networks,
        "fabric-label": "My home",
        onMatterCommissioned: ({ detail }) => devices.value.push(detail),
      }),
      h("ul", devices.value.map(({ name }) => h("li", name ?? "A device"))),
    ];
  },
};

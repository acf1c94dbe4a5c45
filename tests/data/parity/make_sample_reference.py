#!/usr/bin/env python3
"""Writes sample_model.json for tests/engine/tst_sample_model.cpp: the sample model's float32 logits by transformers, weights
decoded from the same GGUF file by PyPI gguf.

usage: make_sample_reference.py MODEL.gguf        needs torch, transformers and gguf
"""
import json, pathlib, sys
import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

reader = gguf.GGUFReader(sys.argv[1])
key = lambda k: reader.get_field(k).contents()
heads, kv_heads = key("llama.attention.head_count"), key("llama.attention.head_count_kv")
config = LlamaConfig(vocab_size=49152, hidden_size=key("llama.embedding_length"), intermediate_size=key("llama.feed_forward_length"),
                     num_hidden_layers=key("llama.block_count"), num_attention_heads=heads, num_key_value_heads=kv_heads,
                     max_position_embeddings=8192, rms_norm_eps=key("llama.attention.layer_norm_rms_epsilon"),
                     tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=key("llama.rope.freq_base")))
names = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
         "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def unpermute(rows, n):
    split = rows.reshape(n, rows.shape[0] // n // 2, 2, *rows.shape[1:])
    return split.transpose(1, 2).reshape(rows.shape).contiguous()


state = {}
for t in reader.tensors:
    w = torch.from_numpy(np.array(gguf.quants.dequantize(t.data, t.tensor_type), dtype=np.float32).reshape(tuple(reversed(t.shape.tolist()))))
    part = t.name.split(".")
    if part[0] == "blk":
        w = unpermute(w, heads) if part[2] == "attn_q" else unpermute(w, kv_heads) if part[2] == "attn_k" else w
        state[f"model.layers.{part[1]}.{names[part[2]]}.weight"] = w
    else:
        state[{"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[part[0]]] = w
state["lm_head.weight"] = state["model.embed_tokens.weight"]
model = LlamaForCausalLM(config)
result = model.load_state_dict(state, strict=False)
assert not result.unexpected_keys, result
model.eval()

# An arbitrary text as ids: a chat's beginning, then what the model itself says greedily.
ids = [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 30, 2, 198, 1, 4093, 198, 504, 3575, 282, 4649, 314]
with torch.no_grad():
    greedy = list(ids)
    while len(greedy) < 60:
        greedy.append(int(model(torch.tensor([greedy]), use_cache=False).logits[0, -1].argmax()))
    logprob = torch.log_softmax(model(torch.tensor([greedy]), use_cache=False).logits[0].double(), -1)
top = logprob.topk(10, -1)
loss = -logprob[torch.arange(len(greedy) - 1), torch.tensor(greedy[1:])].mean().item()
out = dict(prompt=len(ids), ids=greedy, topIds=top.indices.tolist(), meanLoss=round(loss, 6),
           topLogprobs=[[round(v, 5) for v in row] for row in top.values.tolist()])
(pathlib.Path(__file__).parent / "sample_model.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
print(loss, greedy)

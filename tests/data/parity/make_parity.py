#!/usr/bin/env python3
"""Writes the reference logits of tests/engine/tst_llama_parity.cpp: tiny models with weights from a seed (the same as
tests/support/tiny_model.cpp makes), computed by transformers in float32. One JSON file per case, beside this script.

usage: make_parity.py        needs torch and transformers
"""
import json, math, pathlib
import numpy as np
import torch
from transformers import GraniteConfig, GraniteForCausalLM, LlamaConfig, LlamaForCausalLM

VOCAB = 288
HERE = pathlib.Path(__file__).parent
M64 = (1 << 64) - 1

BASE = dict(architecture="llama", seed=1, nLayers=2, dim=64, nHeads=4, nKvHeads=2, headDim=16, ffnDim=96, context=256,
            tied=False, attentionBias=False, ffnBias=False, ropeBase=10000.0, normEps=1e-5, ropeType="none", ropeFactor=1.0,
            attentionFactor=1.0, originalContext=0, ropeFactors=[], longFactors=[], shortFactors=[],
            embeddingScale=1.0, residualScale=1.0, attentionScale=0.0, logitScale=1.0)


def llama3_factors(case, factor, low, high, original):
    """Divisors that the GGUF converter stores for rope_type llama3."""
    half = case["headDim"] // 2
    out = []
    for i in range(half):
        freq = case["ropeBase"] ** (-2.0 * i / case["headDim"])
        wavelength = 2 * math.pi / freq
        if wavelength < original / high:
            out.append(1.0)
        elif wavelength > original / low:
            out.append(factor)
        else:
            smooth = (original / wavelength - low) / (high - low)
            out.append(1.0 / ((1 - smooth) / factor + smooth))
    return [float(np.float32(f)) for f in out]


def cases():
    def case(name, loadContext=0, rope=None, **changes):
        return dict(BASE, name=name, loadContext=loadContext, rope=rope, **changes)
    yield case("plain", nKvHeads=4, tied=True, seed=1)
    yield case("grouped", nLayers=3, seed=2)
    yield case("one_kv_head_wide", nKvHeads=1, headDim=24, seed=3)
    yield case("biases", attentionBias=True, ffnBias=True, seed=4)
    yield case("attention_bias_tied", attentionBias=True, tied=True, ropeBase=500000.0, seed=5)
    yield case("linear", ropeType="linear", ropeFactor=4.0, originalContext=64, seed=6,
               rope=dict(rope_type="linear", factor=4.0))
    llama3 = case("llama3", seed=7, rope=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                              original_max_position_embeddings=32))
    llama3["ropeFactors"] = llama3_factors(llama3, 8.0, 1.0, 4.0, 32)
    yield llama3
    yield case("yarn", ropeType="yarn", ropeFactor=4.0, originalContext=64, seed=8,
               rope=dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=64))
    short = [1.0 + 0.05 * i for i in range(8)]
    long = [1.0 + 0.7 * i for i in range(8)]
    short, long = ([float(np.float32(v)) for v in f] for f in (short, long))
    for name, original, context in (("longrope_long", 16, 256), ("longrope_short", 64, 64)):
        attention = math.sqrt(1 + math.log(4.0) / math.log(original))
        yield case(name, loadContext=context, ropeType="longrope", ropeFactor=4.0, originalContext=original, seed=9,
                   shortFactors=short, longFactors=long, attentionFactor=float(np.float32(attention)),
                   rope=dict(rope_type="longrope", factor=4.0, original_max_position_embeddings=original, short_factor=short,
                             long_factor=long, attention_factor=attention))
    yield case("granite", architecture="granite", embeddingScale=6.0, residualScale=0.25, attentionScale=0.125, logitScale=4.0,
               tied=True, seed=10)


def values(seed, name, count):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & M64
    with np.errstate(over="ignore"):
        z = np.uint64(h ^ seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    whole = (z >> np.uint64(40)).astype(np.int64) - (1 << 23)
    return whole.astype(np.float32) * np.float32(2.0 ** -23)


def tensor(case, name, shape):
    """shape as torch has it: [outputs, inputs] or [n]."""
    scale = np.float32(0.25) if len(shape) == 1 else np.float32(2.0) / np.sqrt(np.float32(shape[-1]))
    v = values(case["seed"], name, int(np.prod(shape))) * scale
    if "norm" in name:
        v = v + np.float32(1.0)
    return torch.from_numpy(v.astype(np.float32).reshape(shape).copy())


def unpermute(rows, heads):
    """GGUF keeps rotated pairs side by side; transformers keeps first halves, then second halves."""
    per_head = rows.shape[0] // heads
    split = rows.reshape(heads, per_head // 2, 2, *rows.shape[1:])
    return split.transpose(1, 2).reshape(rows.shape).contiguous()


def state(case):
    d, f, hd = case["dim"], case["ffnDim"], case["headDim"]
    q, kv = case["nHeads"] * hd, case["nKvHeads"] * hd
    out = {"model.embed_tokens.weight": tensor(case, "token_embd.weight", (VOCAB, d)),
           "model.norm.weight": tensor(case, "output_norm.weight", (d,))}
    out["lm_head.weight"] = out["model.embed_tokens.weight"] if case["tied"] else tensor(case, "output.weight", (VOCAB, d))
    for layer in range(case["nLayers"]):
        g, h = f"blk.{layer}.", f"model.layers.{layer}."
        out[h + "input_layernorm.weight"] = tensor(case, g + "attn_norm.weight", (d,))
        out[h + "post_attention_layernorm.weight"] = tensor(case, g + "ffn_norm.weight", (d,))
        for ours, theirs, rows, cols, bias in (
                ("attn_q", "self_attn.q_proj", q, d, case["attentionBias"]),
                ("attn_k", "self_attn.k_proj", kv, d, case["attentionBias"]),
                ("attn_v", "self_attn.v_proj", kv, d, case["attentionBias"]),
                ("attn_output", "self_attn.o_proj", d, q, case["attentionBias"]),
                ("ffn_gate", "mlp.gate_proj", f, d, case["ffnBias"]),
                ("ffn_up", "mlp.up_proj", f, d, case["ffnBias"]),
                ("ffn_down", "mlp.down_proj", d, f, case["ffnBias"])):
            heads = {"attn_q": case["nHeads"], "attn_k": case["nKvHeads"]}.get(ours)
            for kind, shape in (("weight", (rows, cols)), ("bias", (rows,))):
                if kind == "bias" and not bias:
                    continue
                t = tensor(case, f"{g}{ours}.{kind}", shape)
                out[f"{h}{theirs}.{kind}"] = unpermute(t, heads) if heads else t
    return out


def compute(case, ids):
    rope = dict(case["rope"] or dict(rope_type="default"), rope_theta=case["ropeBase"])
    common = dict(vocab_size=VOCAB, hidden_size=case["dim"], intermediate_size=case["ffnDim"],
                  num_hidden_layers=case["nLayers"], num_attention_heads=case["nHeads"], num_key_value_heads=case["nKvHeads"],
                  max_position_embeddings=case["context"], rms_norm_eps=case["normEps"], tie_word_embeddings=case["tied"],
                  attention_bias=case["attentionBias"], mlp_bias=case["ffnBias"], rope_parameters=rope,
                  bos_token_id=1, eos_token_id=2, attn_implementation="eager")
    if case["architecture"] == "granite":
        model = GraniteForCausalLM(GraniteConfig(**common, embedding_multiplier=case["embeddingScale"],
                                                 residual_multiplier=case["residualScale"],
                                                 attention_multiplier=case["attentionScale"],
                                                 logits_scaling=case["logitScale"]))
    else:
        model = LlamaForCausalLM(LlamaConfig(**common, head_dim=case["headDim"]))
    result = model.load_state_dict(state(case), strict=False)
    assert not result.unexpected_keys and all("rotary" in k for k in result.missing_keys), result
    model.eval()
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0].float().numpy()


def main():
    torch.manual_seed(0)
    for case in cases():
        ids = [1] + [int(x) for x in (values(case["seed"], "ids", 47) * 140 + 140)]
        logits = compute(case, ids)
        rows = [0, 1, 7, 20, 31, 32, 46, 47]
        case.pop("rope")
        case.update(ids=ids, rows=rows, logits=[[float(f"{v:.6g}") for v in logits[r]] for r in rows])
        (HERE / f"{case['name']}.json").write_text(json.dumps(case, separators=(",", ":")) + "\n")
        print(case["name"], float(np.abs(logits).max()))


if __name__ == "__main__":
    main()
